/** Adds up the JUnit files and steps of one run: `count-results.ts FOLDER STEPS_THAT_FAILED`. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder = '.', brokenSteps = '0'] = process.argv.slice(2);
const total = { passed: 0, failed: 0, skipped: 0 };

for (const name of readdirSync(folder).filter((file) => file.endsWith('.xml'))) {
  const head = /<testsuites\b[^>]*>/.exec(readFileSync(join(folder, name), 'utf8'))?.[0] ?? '';
  const figure = (key: string): number => Number(new RegExp(`\\b${key}="(\\d+)"`).exec(head)?.[1] ?? 0);
  const failed = figure('failures') + figure('errors');
  total.failed += failed;
  total.skipped += figure('skipped');
  total.passed += figure('tests') - failed - figure('skipped');
}
const steps = join(folder, 'steps');
if (existsSync(steps)) {
  for (const line of readFileSync(steps, 'utf8').trim().split('\n')) {
    if (line.startsWith('0 ')) total.passed += 1;
    else total.failed += 1;
  }
}
// Why: a test runner that died, or whose hooks failed, may have written no failing case.
if (Number(brokenSteps) > 0 && total.failed === 0) total.failed = Number(brokenSteps);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
