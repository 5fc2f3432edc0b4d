import { expect, it } from "vitest";
import { RecentPlans } from "../../src/training/recent-plans.ts";

it("drops the plan that was not used for longest: the usual batch's stays, however many others come", () => {
  const plans = new RecentPlans<string>();
  const made: string[] = [];
  const use = (key: string) =>
    plans.get(key, () => {
      made.push(key);
      return `plan of ${key}`;
    });
  for (let i = 0; i < 40; i++) {
    expect(use("usual")).toBe("plan of usual");
    expect(use(`other ${i}`)).toBe(`plan of other ${i}`);
  }
  expect(made.filter((key) => key === "usual")).toHaveLength(1);
  expect(plans.all.length).toBeLessThan(20);
  use("other 0");
  expect(made.filter((key) => key === "other 0")).toHaveLength(2);
});
