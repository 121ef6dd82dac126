import { expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { LinkNetwork } from '../mod.ts';
import { inventory, isolatedHost, sh, until } from '../testing/isolated-host.ts';

const host = isolatedHost(import.meta.path, 'a kill after each step holds against the kernel');

if (host) {
  const { root, one, two, start } = host;
  const lan: LinkNetwork = {
    driver: 'macvlan',
    id: two.id,
    name: 'lan',
    pools: [{ subnet: '198.51.100.0/24', gateway: '198.51.100.2', ipRange: '198.51.100.128/25' }],
    parent: 'out0',
    mode: 'bridge',
    internal: false,
  };

  /** Another daemon that does `work`, and is gone after so many of its requests to the kernel; false: it came to the end. */
  const killedAfter = (requests: number, work: string): boolean => {
    const program = `
      import { newId, silentLogger } from '${join(import.meta.dir, '../../base/mod.ts')}';
      import { NetlinkSocket } from '${join(import.meta.dir, '../../sys/ffi/netlink-socket.ts')}';
      import { openNet } from '${join(import.meta.dir, '../mod.ts')}';
      const net = openNet({ execRoot: '${root}', log: silentLogger, tableName: 'minke_test' });
      await net.open();
      const [one, lan] = ${JSON.stringify([one, lan])};
      await net.ensureNetwork(one);
      await net.ensureNetwork(lan);
      await net.restore([]);
      const id = newId();
      const endpoint = (network) => ({ endpointId: newId(), network, names: ['x'], resolver: { upstreams: [], ndotsSet: false } });
      const ports = [{ protocol: 'tcp', containerPort: 80, hostIp: '', hostPort: 9000 }];
      const before = await (async () => { ${work.includes('connect') ? 'return await net.setUp({ id, endpoints: [endpoint(one)], ports });' : ''} })();
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
    if (signal !== 'SIGKILL' && stdout !== 'done\n') throw new Error(stderr);
    return signal === 'SIGKILL';
  };

  test.each([
    ['start with ports', 'await net.setUp({ id, endpoints: [endpoint(one)], ports });'],
    ['start on a macvlan network', 'await net.setUp({ id, endpoints: [endpoint(lan)], ports: [] });'],
    ['tear-down', 'await net.tearDown(id, await net.setUp({ id, endpoints: [endpoint(one)], ports }));'],
    ['connect', 'await net.connect(id, endpoint(lan), ports);'],
  ])(
    'a %s that is cut off after any request to the kernel leaves nothing that the next start does not take away',
    async (what, work) => {
      await host.net.restore([]);
      const before = inventory();
      let kills = 0;
      for (let requests = 1; killedAfter(requests, work); requests++) {
        kills++;
        await host.net.restore([]);
        expect([requests, readdirSync(join(root, 'netns'))]).toEqual([requests, []]);
        await until('veths go', () => !sh('ip -br link').includes('veth'));
        expect([requests, inventory()]).toEqual([requests, before]);
      }
      expect([what, kills > 3]).toEqual([what, true]);
      await host.net.restore([]);
      expect((await start(one, [{ hostPort: 9000 }])).ip).toBe('172.31.71.2');
    },
  );
}
