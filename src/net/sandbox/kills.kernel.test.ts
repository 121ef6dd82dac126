import { expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type ContainerId, type NetworkId, newId } from '../../base/mod.ts';
import type { LinkNetwork, Sandbox } from '../mod.ts';
import { inventory, isolatedHost, sh, until } from '../testing/isolated-host.ts';

const host = isolatedHost(import.meta.path, 'a kill after each step holds against the kernel');

if (host) {
  const { root, one, two, start, enter } = host;
  const lan: LinkNetwork = {
    driver: 'macvlan',
    id: newId<NetworkId>(),
    name: 'lan',
    pools: [{ subnet: '198.51.100.0/24', gateway: '198.51.100.2', ipRange: '198.51.100.128/25' }],
    parent: 'out0',
    mode: 'bridge',
    internal: false,
  };

  const first = () => 1 + Math.floor(Math.random() * 2);
  /** Another daemon that does `work`, and is gone after so many of its requests to the kernel unless it came to the end. */
  const killedAfter = (requests: number, work: string) => {
    const program = `
      import { newId, silentLogger } from '${join(import.meta.dir, '../../base/mod.ts')}';
      import { NetlinkSocket } from '${join(import.meta.dir, '../../sys/ffi/netlink-socket.ts')}';
      import { openNet } from '${join(import.meta.dir, '../mod.ts')}';
      const net = openNet({ execRoot: '${root}', log: silentLogger, tableName: 'minke_test' });
      await net.open();
      const [one, two, lan] = ${JSON.stringify([one, two, lan])};
      for (const network of [one, two, lan]) await net.ensureNetwork(network);
      await net.restore([]);
      const id = newId();
      const endpoint = (network) => ({ endpointId: newId(), network, names: ['x'], resolver: { upstreams: [], ndotsSet: false } });
      const ports = [{ protocol: 'tcp', containerPort: 80, hostIp: '', hostPort: 9000 }];
      const before = ${work.includes('before') || work.includes('connect')} ? await net.setUp({ id, endpoints: [endpoint(one)], ports }) : undefined;
      console.log(JSON.stringify({ id, before }));
      let left = ${requests};
      const transact = NetlinkSocket.prototype.transact;
      NetlinkSocket.prototype.transact = function (...messages) {
        const results = transact.apply(this, messages);
        if (--left === 0) process.kill(process.pid, 'SIGKILL');
        return results;
      };
      ${work}
      console.log('done');
      process.exit(0);`;
    const { stdout, stderr, signal } = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8' });
    const [told = '', done] = stdout.split('\n');
    if (signal !== 'SIGKILL' && done !== 'done') throw new Error(stderr);
    return { ...(JSON.parse(told) as { id: ContainerId; before: Sandbox }), killed: signal === 'SIGKILL' };
  };

  /** Every one in the long tests; else every fourth, each time others. */
  const STEP = process.env['MINKE_SOAK'] ? 1 : 4;

  test.each([
    ['start with ports', 'await net.setUp({ id, endpoints: [endpoint(one)], ports });'],
    ['start on a macvlan network', 'await net.setUp({ id, endpoints: [endpoint(lan)], ports: [] });'],
    ['tear-down', 'await net.tearDown(id, before);'],
  ])(
    'a %s that is cut off after any request to the kernel leaves nothing that the next start does not take away',
    async (_what, work) => {
      await host.net.restore([]);
      const before = inventory();
      let kills = 0;
      for (let requests = first(); killedAfter(requests, work).killed; requests += STEP) {
        kills++;
        await host.net.restore([]);
        expect([requests, readdirSync(join(root, 'netns'))]).toEqual([requests, []]);
        await until('veths go', () => !sh('ip -br link').includes('veth'));
        expect([requests, inventory()]).toEqual([requests, before]);
      }
      expect(kills).toBeGreaterThan(0);
      await host.net.restore([]);
      expect((await start(one, [{ hostPort: 9000 }])).ip).toBe('172.31.71.2');
    },
  );

  test.each([['two'], ['lan']])(
    'a connect to %s that is cut off leaves a container as it was',
    async (network) => {
      let kills = 0;
      for (let requests = first(); ; requests += STEP) {
        const { killed, id, before } = killedAfter(
          requests,
          `await net.connect(id, endpoint(${network}), ports);`,
        );
        if (!killed) break;
        kills++;
        host.up.push(id);
        await host.net.restore([{ id, sandbox: { ...before, changing: true } }]);
        expect([requests, enter(before, 'ip -br link').match(/^\w+/gm)]).toEqual([requests, ['lo', 'eth0']]);
        expect([requests, enter(before, 'ip route')]).toEqual([
          requests,
          'default via 172.31.71.1 dev eth0 \n172.31.71.0/24 dev eth0 proto kernel scope link src 172.31.71.2 \n',
        ]);
        expect(sh('ip -br link').match(/^veth/gm)).toHaveLength(1);
        await host.net.tearDown(id, before);
        await until('veths go', () => !sh('ip -br link').includes('veth'));
      }
      expect(kills).toBeGreaterThan(0);
      await host.net.restore([]);
    },
  );
}
