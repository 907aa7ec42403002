import type { Reporter, TestCase, TestModule, TestSuite } from 'vitest/node';

/** Suites that are skipped say why in their name: `what it is about: skipped, why`. */
const WHY = /^(.*?):? \(?skipped, (.*)$/;

interface Group {
  title: string;
  why: string;
  tests: number;
}

/** At the end of a run: which groups of tests were skipped, and why. */
export default class SkippedReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const groups = new Map<string, Group>();
    for (const test of modules.flatMap((module) => [...module.children.allTests('skipped')])) {
      const said = groupOf(test);
      if (!said) continue;
      const { title, why } = said;
      const group = groups.get(title + why) ?? { title, why, tests: 0 };
      groups.set(title + why, { ...group, tests: group.tests + 1 });
    }
    if (groups.size === 0) return;
    const lines = [...groups.values()].map(({ title, why, tests }) => `  ${title} (${tests}): ${why}`);
    console.log(`\nSkipped:\n${lines.join('\n')}\n`);
  }
}

/** Null for a test that did not run because its suite has failed. */
function groupOf(test: TestCase): Omit<Group, 'tests'> | null {
  const suites = suitesOf(test.parent);
  if (suites.some((suite) => suite.errors().length > 0)) return null;
  for (const { name } of [test, ...suites]) {
    const [, title, why] = WHY.exec(name) ?? [];
    if (title && why) return { title, why };
  }
  return { title: test.module.relativeModuleId, why: 'no reason is given' };
}

function suitesOf(parent: TestCase['parent']): TestSuite[] {
  return parent.type === 'suite' ? [parent, ...suitesOf(parent.parent)] : [];
}
