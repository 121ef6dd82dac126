import { expect, test } from 'bun:test';
import { type ContainerId, type EndpointId, newId } from '../../base/mod.ts';
import { Rtnetlink } from '../../sys/mod.ts';
import { isolatedHost } from '../testing/isolated-host.ts';

const host = isolatedHost(import.meta.path, 'many sandboxes hold against the kernel');
const COUNT = 120;

if (host) {
  const { enter, one, two } = host;

  test('a start asks as much of the kernel beside a hundred others as beside few, and all find each other', async () => {
    const requests: number[] = [];
    /** What all netlink sockets share. */
    const socket: Pick<Rtnetlink, 'transact' | 'ask'> = Object.getPrototypeOf(Rtnetlink.prototype);
    const { transact, ask } = socket;
    let count = 0;
    socket.transact = function (this: Rtnetlink, messages) {
      count += messages.length;
      return transact.call(this, messages);
    };
    socket.ask = function (this: Rtnetlink, message) {
      const answers = ask.call(this, message);
      count += answers.length;
      return answers;
    };
    const sandboxes: Awaited<ReturnType<typeof host.net.setUp>>[] = [];
    try {
      for (let n = 0; n < COUNT; n++) {
        const id = newId<ContainerId>();
        const network = n % 2 === 0 ? one : two;
        const resolver = { upstreams: [], ndotsSet: false };
        const endpoint = { endpointId: newId<EndpointId>(), network, names: [`c${n}`], resolver };
        const port = { protocol: 'tcp', containerPort: 80, hostIp: '', hostPort: 20_000 + n } as const;
        host.up.push(id);
        count = 0;
        sandboxes.push(await host.net.setUp({ id, endpoints: [endpoint], ports: [port] }));
        requests.push(count);
      }
    } finally {
      socket.transact = transact;
      socket.ask = ask;
    }
    // The first ones find things to be made.
    expect(new Set(requests.slice(4))).toEqual(new Set([requests[4] ?? 0]));
    const found = (from: number, name: string) => {
      const command = `sh -c "busybox nslookup -type=a ${name} 127.0.0.11 || true"`;
      return enter(sandboxes[from]?.netns ?? '', command).split('\n');
    };
    for (const [from, to] of [
      [0, COUNT - 2],
      [COUNT - 2, 0],
      [1, COUNT - 1],
    ] as const) {
      expect(found(from, `c${to}`)).toContain(`Address: ${sandboxes[to]?.endpoints[0]?.ipv4}`);
    }
    expect(found(0, 'c1').join()).toContain("can't find c1");
  });
}
