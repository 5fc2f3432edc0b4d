/** The longest time, in milliseconds, that training keeps a page's or server's event loop waiting between batches. */
const LONGEST = 8;

/** Lets other work of the event loop run: a page's clicks and frames, a server's requests, the abort that is awaited. */
export class Breathing {
  #last = Date.now();

  /** Waits for one turn of the event loop if the last one was a while ago. */
  async breathe(): Promise<void> {
    if (Date.now() - this.#last < LONGEST) return;
    await turn();
    this.#last = Date.now();
  }
}

const { setImmediate: soon } = globalThis as { setImmediate?: (run: () => void) => unknown };

/** One turn of the event loop: by the shortest way in Node, Deno and Bun, by a message in browsers and their workers. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    if (soon) soon(resolve);
    else {
      // Timers are slowed down in hidden tabs, messages are not.
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(undefined);
    }
  });
}
