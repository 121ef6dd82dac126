import { push } from '../test/fixtures/image.ts';
import { sh, until } from '../test/fixtures/machine.ts';
import { Outside } from '../test/fixtures/outside.ts';
import { isListening } from '../test/fixtures/registry.ts';
import type { Contestant } from './engines.ts';
import { median, table } from './measure.ts';
import { client } from './timed.ts';
import { toolsImage } from './tools-image.ts';

const NETWORK = 'bench-throughput';
const SERVER = 'bench-server';
const PEER = 'bench-peer';
const IPERF_PORT = 15201;
const WEB_PORT = 15080;

interface Figures {
  /** Gbit/s, and CPU seconds of the whole machine for each Gbit. */
  published: number[];
  between: number[];
  /** Requests a second. */
  requests: number[];
  /** CPU seconds of the engine's own processes while the requests ran. */
  proxy: number[];
}

/**
 * What goes through a network: TCP through a published port from another machine's namespace, TCP between two
 * containers, and HTTP through a published port on loopback. One engine after the other in each round, each with fresh
 * containers.
 */
export async function benchThroughput(
  engines: readonly Contestant[],
  registry: string,
  { rounds, seconds }: { rounds: number; seconds: number },
): Promise<void> {
  await push(registry, 'tools', 'latest', await toolsImage());
  const image = `${registry}/tools:latest`;
  const daemons = engines.filter(({ api }) => api !== undefined);
  const outside = await Outside.start();
  const all = new Map<Contestant, Figures>();
  try {
    for (const engine of daemons) {
      await client(engine, 'pull', ...engine.pullFlags, image);
      await client(engine, 'network', 'create', NETWORK);
      all.set(engine, { published: [], between: [], requests: [], proxy: [] });
    }
    for (let round = 0; round < rounds; round++) {
      for (const engine of round % 2 === 0 ? daemons : daemons.toReversed()) {
        const figures = all.get(engine);
        if (figures) await measure(engine, image, outside, seconds, figures);
      }
    }
    for (const engine of daemons) await client(engine, 'network', 'rm', NETWORK);
  } finally {
    await outside.stop();
  }
  printFigures(all);
}

async function measure(
  engine: Contestant,
  image: string,
  outside: Outside,
  seconds: number,
  figures: Figures,
): Promise<void> {
  const ports = ['-p', `${IPERF_PORT}:5201`, '-p', `${WEB_PORT}:80`];
  const run = ['run', '-d', '--network', NETWORK, ...engine.runFlags];
  const servers = 'nginx -p /tmp -c /nginx.conf & exec iperf3 -s';
  await client(engine, ...run, '--name', SERVER, ...ports, image, 'sh', '-c', servers);
  await client(engine, ...run, '--name', PEER, image, 'sleep', '100000');
  const format = `{{(index .NetworkSettings.Networks "${NETWORK}").IPAddress}}`;
  const address = await client(engine, 'inspect', '-f', format, SERVER);
  await until('the servers', async () => {
    return (await isListening(`${address}:80`)) && (await isListening(`${address}:5201`));
  });
  const flags = `-J -t ${seconds} -O 1`;
  const published = await outside.sh(`iperf3 -c ${Outside.HOST_ADDRESS} -p ${IPERF_PORT} ${flags}`);
  figures.published.push(gigabits(published));
  const between = await client(engine, 'exec', PEER, 'iperf3', '-c', address, ...flags.split(' '));
  figures.between.push(gigabits(between));
  const before = engine.group.seconds();
  const web = await sh(`wrk -t1 -c16 -d${seconds}s http://127.0.0.1:${WEB_PORT}/`);
  figures.requests.push(Number(/Requests\/sec:\s+([\d.]+)/.exec(web)?.[1]));
  figures.proxy.push(engine.group.seconds() - before);
  if (/Non-2xx|Socket errors/.test(web)) throw new Error(`${engine.name}: ${web}`);
  await client(engine, 'rm', '-f', SERVER, PEER);
}

function gigabits(report: string): number {
  const { end } = JSON.parse(report) as { end: { sum_received: { bits_per_second: number } } };
  return end.sum_received.bits_per_second / 1e9;
}

function printFigures(all: ReadonlyMap<Contestant, Figures>): void {
  const docker = [...all].find(([{ name }]) => name === 'docker')?.[1];
  const cells = (figures: Figures, of: keyof Figures, digits: number): string[] => {
    const value = median(figures[of]);
    return [value.toFixed(digits), `${(value / median(docker?.[of] ?? [])).toFixed(2)}×`];
  };
  const rows = [...all].map(([{ name }, figures]) => [
    name,
    ...cells(figures, 'published', 2),
    ...cells(figures, 'between', 2),
    ...cells(figures, 'requests', 0),
    `${median(figures.proxy).toFixed(2)} s`,
  ]);
  const head = ['engine', 'published port, Gbit/s', 'to Docker', 'between containers, Gbit/s', 'to Docker'];
  const more = ['requests/s on loopback', 'to Docker', 'CPU of engine and server for them'];
  console.log(`\n### what goes through a network\n\n${table([...head, ...more], rows)}`);
}
