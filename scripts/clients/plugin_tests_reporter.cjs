// A reporter for mocha: writes the tests of a file and what became of each, one JSON object a line,
// to PLUGIN_TESTS_RESULTS while they run, so that nothing is lost when a test never ends.
const fs = require("node:fs");

module.exports = class Reporter {
  constructor(runner) {
    const note = (event, test, error) => {
      const line = { event, title: test.fullTitle(), message: error ? String(error.message || error) : "" };
      fs.appendFileSync(process.env.PLUGIN_TESTS_RESULTS, JSON.stringify(line) + "\n");
      console.log(`${event}: ${line.title}\n${error ? error.stack || error : ""}`);
    };
    const plan = (suite) => {
      suite.tests.forEach((test) => note("planned", test));
      suite.suites.forEach(plan);
    };
    runner.once("start", () => plan(runner.suite));
    runner.on("pass", (test) => note("passed", test));
    runner.on("pending", (test) => note("pending", test));
    runner.on("fail", (test, error) => note("failed", test, error)); // also of a hook
  }
};
