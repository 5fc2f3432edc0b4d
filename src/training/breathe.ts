/** The longest time, in milliseconds, that training keeps a page's or server's event loop waiting between batches. */
const LONGEST = 8;

/**
 * Lets other work of the event loop run: a page's clicks and frames, a server's requests, the abort that is awaited.
 * A message is the way to it that browsers, workers and Node share, and that is not slowed down in hidden tabs.
 */
export class Breathing {
  #last = Date.now();

  /** Waits for one turn of the event loop if the last one was a while ago. */
  async breathe(): Promise<void> {
    if (Date.now() - this.#last < LONGEST) return;
    // A new channel each time: Node empties an open one before it looks at timers.
    const { port1, port2 } = new MessageChannel();
    await new Promise<void>((resolve) => {
      port1.onmessage = () => resolve();
      port2.postMessage(undefined);
    });
    port1.close();
    this.#last = Date.now();
  }
}
