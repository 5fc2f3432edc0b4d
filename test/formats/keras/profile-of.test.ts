import { describe, expect, it } from "vitest";
import { eraOfVersion, profileOf, since } from "../../../src/formats/keras/profile-of.ts";

const profile = (version: string, backend = "tensorflow") =>
  profileOf({ era: eraOfVersion(version)!, version, backend });

describe("eras", () => {
  it("tells the era from the version", () => {
    expect(eraOfVersion("1.2.2")).toBe("keras1");
    expect(eraOfVersion("2.1.6")).toBe("keras2");
    expect(eraOfVersion("2.3.1")).toBe("keras2");
    expect(eraOfVersion("2.2.4-tf")).toBe("tf-keras");
    expect(eraOfVersion("2.4.0")).toBe("tf-keras");
    expect(eraOfVersion("2.21.0")).toBe("tf-keras");
    expect(eraOfVersion("3.0.5")).toBe("keras3");
    expect(eraOfVersion("tfjs-layers 4.22.0")).toBe("tfjs");
    expect(eraOfVersion("")).toBeUndefined();
  });

  it("compares versions by number", () => {
    expect(since("2.10.0", 2, 9, 0)).toBe(true);
    expect(since("1.0.10", 1, 0, 8)).toBe(true);
    expect(since("3.3.3", 3, 4, 0)).toBe(false);
  });

  it("gives each era its numbers", () => {
    expect(profile("1.2.2").hardSigmoid).toBe("hardSigmoid02");
    expect(profile("3.0.0").hardSigmoid).toBe("hardSigmoid6");
    expect(profile("2.2.4").recurrentActivation).toBe("hard_sigmoid");
    expect(profile("2.3.1").recurrentActivation).toBe("sigmoid");
    expect(profile("2.15.0").convLstmRecurrentActivation).toBe("hard_sigmoid");
    expect(profile("2.3.1").gruResetAfter).toBe(false);
    expect(profile("2.4.0").gruResetAfter).toBe(true);
    expect(profile("2.2.4").firstMaskedOutput).toBe("initialState");
    expect(profile("2.2.4", "theano").firstMaskedOutput).toBe("zeros");
    expect(profile("2.2.5").firstMaskedOutput).toBe("zeros");
    expect(profile("1.1.1").firstMaskedOutput).toBe("zeros");
    expect(profile("3.3.3").mergeMasks).toBe("lost");
    expect(profile("3.4.0").mergeMasks).toBe("or");
    expect(profile("2.1.6").stackedStates).toBe("reversed");
    for (const [version, counts] of [
      ["2.0.3", false],
      ["2.0.4", true],
      ["2.1.4", true],
      ["2.1.5", false],
    ] as const) {
      expect(profile(version, "theano").averageCountsPadding).toBe(counts);
    }
    expect(profile("2.0.9").averageCountsPadding).toBe(false);
    expect(profile("2.1.3").bidirectionalForgetsState).toBe(false);
    expect(profile("2.1.4").bidirectionalForgetsState).toBe(true);
    expect(profile("2.2.4-tf").bidirectionalHeedsZeroes).toBe(true);
    expect(profile("2.3.0-tf").bidirectionalHeedsZeroes).toBe(false);
    expect(profile("1.0.5").batchNormDeviation).toBe(true);
    expect(profile("1.0.4").batchNormBareDeviation).toBe(true);
    expect(profile("1.0.5").batchNormBareDeviation).toBe(false);
    expect(profile("1.0.5").batchNormEpsilon).toBe(1e-6);
    expect(profile("1.1.0").batchNormEpsilon).toBe(1e-5);
    expect(profile("3.16.0").recurrentPassesMask).toBe(false);
  });
});
