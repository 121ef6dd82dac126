import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { run } from '../exec/run.ts';
import { Nfnetlink } from './nfnetlink.ts';
import { concat } from './nft-sets.ts';

const TABLE = `minke_sys_test_${process.pid}`;

const port = (value: number) => Buffer.of(value >> 8, value & 255);
const element = (value: number, to: number) => ({
  key: concat(Buffer.of(6), port(value)),
  data: concat(Buffer.of(192, 0, 2, 1), port(to)),
  comment: 'a test',
});

describe('changeSets', () => {
  beforeAll(async () => {
    const map = 'type inet_proto . inet_service : ipv4_addr . inet_service;';
    await run(['nft', '-f', '-'], { input: `table inet ${TABLE} {\n map m { ${map} }\n}\n` });
  });
  afterAll(async () => {
    await run(['nft', 'delete', 'table', 'inet', TABLE]);
  });
  const listed = async () => (await run(['nft', 'list', 'map', 'inet', TABLE, 'm'])).stdout.toString();

  test('adds and deletes elements as nft shows them', async () => {
    using socket = new Nfnetlink();
    const both = [element(8080, 80), element(8443, 443)];
    socket.changeSets(TABLE, [{ change: 'add', set: 'm', elements: both }]);
    expect(await listed()).toContain('tcp . 8080 comment "a test" : 192.0.2.1 . 80');
    socket.changeSets(TABLE, [{ change: 'add', set: 'm', elements: both }]);
    socket.changeSets(TABLE, [{ change: 'delete', set: 'm', elements: [element(8080, 80)] }]);
    expect(await listed()).not.toContain('8080');
    socket.changeSets(TABLE, [{ change: 'flush', set: 'm' }]);
    expect(await listed()).not.toContain('elements');
    socket.changeSets(TABLE, []);
  });

  test('changes nothing when one of its changes fails', async () => {
    using socket = new Nfnetlink();
    const half = () =>
      socket.changeSets(TABLE, [
        { change: 'add', set: 'm', elements: [element(1, 1)] },
        { change: 'delete', set: 'm', elements: [element(2, 2)] },
        { change: 'add', set: 'm', elements: [element(3, 3)] },
      ]);
    expect(half).toThrow('ENOENT');
    expect(await listed()).not.toContain('elements');
    socket.changeSets(TABLE, [{ change: 'add', set: 'm', elements: [element(1, 1)] }]);
    const other = () => socket.changeSets(TABLE, [{ change: 'add', set: 'm', elements: [element(1, 2)] }]);
    expect(other).toThrow('EEXIST');
    expect(() => socket.changeSets(`${TABLE}_none`, [{ change: 'flush', set: 'm' }])).toThrow('ENOENT');
  });

  test('takes 20,000 elements in one transaction', async () => {
    using socket = new Nfnetlink();
    const elements = Array.from({ length: 20_000 }, (_, index) => element(index + 1000, index + 1));
    socket.changeSets(TABLE, [
      { change: 'flush', set: 'm' },
      { change: 'add', set: 'm', elements },
    ]);
    expect((await listed()).match(/192\.0\.2\.1/g)).toHaveLength(20_000);
  });
});
