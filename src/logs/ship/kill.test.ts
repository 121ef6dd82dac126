import { expect, test } from 'bun:test';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { FakeContainer } from '../testing/container.ts';

/** A few here; `MINKE_LOG_KILLS=1000` for a long round. */
const KILLS = Number(process.env['MINKE_LOG_KILLS'] ?? 2);
const CHILD = join(import.meta.dir, '../testing/kill-child.ts');
const LINES = 15_000 * KILLS;

/** Counts numbered lines by connection: each goes on where the last was, or a little before. */
class Receiver {
  next = 1;
  repeated = 0;
  readonly gaps: string[] = [];
  readonly #server = createServer((socket) => this.#serve(socket));

  listen(): Promise<number> {
    return new Promise((resolve) => {
      this.#server.listen(0, '127.0.0.1', () => {
        const address = this.#server.address();
        resolve(typeof address === 'object' && address ? address.port : 0);
      });
    });
  }

  #serve(socket: Socket): void {
    let kept = '';
    let expected = 0;
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      const lines = (kept + bytes.toString('latin1')).split('\n');
      kept = lines.pop() ?? '';
      for (const line of lines) {
        const number = Number(/: (\d+)$/.exec(line)?.[1]);
        if (expected > 0 && number !== expected) this.gaps.push(`${number} instead of ${expected}`);
        if (number > this.next) this.gaps.push(`${this.next} to ${number - 1} are missing`);
        if (number < this.next) this.repeated++;
        else this.next = number + 1;
        expected = number + 1;
      }
    });
  }

  close(): void {
    this.#server.close();
  }
}

test.each(['blocking', 'non-blocking'])(
  'a receiver (%s) gets each line, in order, when the daemon is killed; some twice at most',
  async (mode) => {
    const receiver = new Receiver();
    const address = `tcp://127.0.0.1:${await receiver.listen()}`;
    const buffer: Record<string, string> = mode === 'blocking' ? {} : { 'max-buffer-size': '1g' };
    using container = new FakeContainer({
      Type: 'syslog',
      Config: { 'syslog-address': address, mode, ...buffer },
    });
    const start = (resumed: boolean) =>
      Bun.spawn([process.execPath, CHILD, JSON.stringify({ ...container.source, resumed }), 'kill'], {
        stdout: 'pipe',
        stderr: 'inherit',
      });
    let pump = start(false);
    await pump.stdout.getReader().read();
    const { stdout } = container.stdio;
    const writer = Bun.spawn(['sh', '-c', `seq 1 ${LINES} > ${stdout}`]);
    for (let kill = 0; kill < KILLS; kill++) {
      await Bun.sleep(Math.random() * 60);
      pump.kill('SIGKILL');
      await pump.exited;
      pump = start(true);
      await pump.stdout.getReader().read();
    }
    expect(await writer.exited).toBe(0);
    while (receiver.next <= LINES && receiver.gaps.length === 0) await Bun.sleep(10);
    pump.kill('SIGKILL');
    await pump.exited;
    receiver.close();
    expect(receiver.gaps).toEqual([]);
    expect(receiver.next).toBe(LINES + 1);
    // A batch for each kill, of which it got a part.
    expect(receiver.repeated).toBeLessThan(LINES);
  },
  60_000 + KILLS * 4_000,
);
