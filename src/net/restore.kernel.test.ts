import { describe, expect, test } from 'bun:test';
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { silentLogger } from '../base/mod.ts';
import { openNet } from './mod.ts';
import { isolatedHost, sh, until } from './testing/isolated-host.ts';

const host = isolatedHost(import.meta.path, 'a restart and other firewalls hold against the kernel');

if (host) {
  const { root, start, reaches, serve, get, outside, networks, one } = host;

  describe('a daemon that starts again', () => {
    test('takes over what lives and removes what does not', async () => {
      const web = await start(one, [{ hostPort: 8080 }]);
      const dead = await start(one, [{ hostPort: 8081 }]);
      await serve(web.sandbox, 'web');
      await host.net.close();
      sh('nft flush chain inet minke_test forward');
      host.net = openNet({ execRoot: root, log: silentLogger, tableName: 'minke_test' });
      await host.net.open();
      for (const each of networks) await host.net.ensureNetwork(each);
      await host.net.restore([{ id: web.id, sandbox: web.sandbox }]);
      expect(get(undefined, 'http://127.0.0.1:8080')).toStartWith('web ');
      expect(await (await fetch('http://[::1]:8080')).text()).toStartWith('web ');
      expect(readdirSync(join(root, 'netns'))).toEqual([web.id]);
      expect(sh('ip -br link')).not.toContain(dead.sandbox.endpoints[0]?.hostInterface ?? '?');
      await expect(start(one, [{ hostPort: 8080 }])).rejects.toThrow('port is already allocated');
      await expect(start(one, [], web.ip)).rejects.toThrow('Address already in use');
      await start(one, [{ hostPort: 8081 }]);
    });

    test('gives addresses and ports back though something cannot be taken down', async () => {
      const web = await start(one, [{ hostPort: 8090 }]);
      const broken = join(root, 'netns', web.id);
      sh(`umount ${broken} && rm ${broken} && mkdir -p ${broken}/x`);
      await expect(host.net.tearDown(web.id, web.sandbox)).rejects.toThrow();
      await host.net.restore([]);
      sh(`rm -r ${broken}`);
      const again = await start(one, [{ hostPort: 8090 }], web.ip);
      await host.net.tearDown(again.id, again.sandbox);
    });

    test('finds all that a daemon left that was killed at whatever moment', async () => {
      const program = `
        import { newId, silentLogger } from '${join(import.meta.dir, '../base/mod.ts')}';
        import { openNet } from '${join(import.meta.dir, 'mod.ts')}';
        const net = openNet({ execRoot: '${root}', log: silentLogger, tableName: 'minke_test' });
        await net.open();
        const network = ${JSON.stringify(one)};
        await net.ensureNetwork(network);
        await net.restore([]);
        for (let round = 0; ; round++) {
          if (round === 0) console.log('ready');
          const id = newId();
          const ports = [{ protocol: 'tcp', containerPort: 80, hostIp: '', hostPort: 9000 }];
          const sandbox = await net.setUp({ id, endpoints: [{ endpointId: newId(), network, names: [] }], ports });
          await net.tearDown(id, sandbox);
        }`;
      for (let round = 0; round < 10; round++) {
        const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
        await new Promise((resolve) => child.stdout.once('data', resolve));
        await Bun.sleep(Math.random() * 30);
        const gone = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGKILL');
        await gone;
      }
      await host.net.restore([]);
      expect(readdirSync(join(root, 'netns'))).toEqual([]);
      await until('veths go', () => !sh('ip -br link').includes('veth'));
      expect((await start(one, [{ hostPort: 9000 }])).ip).toBe('172.31.71.2');
    });

    test('puts back table and bridge that somebody removed', async () => {
      const web = await start(one, [{ hostPort: 8080 }]);
      await serve(web.sandbox, 'web');
      sh('nft flush ruleset; ip link del mnkt71');
      expect(get(undefined, 'http://198.51.100.1:8080')).toBe('no answer');
      await host.net.open();
      await host.net.restore([{ id: web.id, sandbox: web.sandbox }]);
      expect(get(outside, 'http://198.51.100.1:8080')).toBe('web 198.51.100.2');
      expect(reaches(web.sandbox, 'busybox ping -c1 -W2 198.51.100.2')).toBe(true);
    });
  });

  test("takeDown leaves nothing but others' bridges, and refuses while a container is there", async () => {
    const web = await start(one, [{ hostPort: 8080 }]);
    await expect(host.net.takeDown({ foreign: [] })).rejects.toThrow('containers use the network');
    await host.net.tearDown(web.id, web.sandbox);
    await host.net.takeDown({ foreign: [one.bridge] });
    const links = sh('ip -br link');
    for (const { bridge } of networks) expect(links.includes(bridge)).toBe(bridge === one.bridge);
    expect(sh('nft list tables')).not.toContain('minke_test');
    await host.net.open();
    for (const each of networks) await host.net.ensureNetwork(each);
  });
}
