// This package through its public interface only: dist/ as it is published.

const distribution = new URL("../../dist/platform/node.js", import.meta.url);

/**
 * @param context - `build` forces a build; `workers` > 0 splits batches; `library` brings the package (in the page);
 * `modelFolder` is where its files are, for a start as a user has it: `loadModel(folder)`.
 */
export async function create(workload, { read, build, workers = 0, library, modelFolder }) {
  const { loadModelSync, loadModel, runtimeInfo } = library ?? (await import(distribution));
  const parts = modelFolder ?? { json: await read("model.json"), weights: await read("weights.safetensors") };
  const options = build ? { build } : {};
  const { batch, timesteps, features } = workload;
  const shape = features === 0 ? [batch, timesteps] : [batch, timesteps, features];
  if (workload.kind === "step") {
    const model = loadModelSync(parts, options);
    const session = model.createSession();
    return { version: model.runtime.build, run: (frame) => session.step(frame), reset: () => session.reset() };
  }
  const model = workers > 0 || modelFolder ? await loadModel(parts, options) : loadModelSync(parts, options);
  const version = model.runtime.build;
  if (workers === 0) return { version, run: (data) => model.predict({ data, shape }).data, runtimeInfo };
  const parallel = model.parallel({ workers });
  return {
    version: `${version}, ${workers} workers`,
    run: async (data) => (await parallel.predict({ data, shape })).data,
    close: () => parallel.dispose(),
  };
}
