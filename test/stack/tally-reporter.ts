/** Ends the report of a test run with one line that programs can read: `N passed, N failed, N skipped`. */
import type { Reporter, SerializedError, TestModule } from 'vitest/node'

/** Used beside another reporter, which names the failures. */
export default class TallyReporter implements Reporter {
  /**
   * A file that cannot be loaded and an error outside any test count as one failure each; so does a run
   * without a single test, such as one whose global setup failed.
   */
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    let passed = 0
    let skipped = 0
    let failed = unhandledErrors.length
    for (const module of modules) {
      failed += module.errors().length
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'passed') passed += 1
        else if (state === 'skipped') skipped += 1
        // A test that was started and never ended is no success either.
        else failed += 1
      }
    }
    if (passed + failed + skipped === 0) failed = 1
    console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`)
  }
}
