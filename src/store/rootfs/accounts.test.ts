import { describe, expect, test } from 'bun:test';
import { resolveUser } from './accounts.ts';

const files = {
  passwd:
    'root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001:App:/home/app:/bin/sh\n1234:x:77:78::/n:\nbroken\nbig:x:4294967296:0::/:\n',
  group: 'root:x:0:\nwheel:x:10:root,app\napp:x:1001:\nextra:x:500:app\n99:x:98:\n',
};
const resolve = (user: string, groupAdd: string[] = []) => resolveUser(files, user, groupAdd);

describe('resolveUser', () => {
  test('a name brings its group, home and supplementary groups', () => {
    expect(resolve('app')).toEqual({
      uid: 1000,
      gid: 1001,
      additionalGids: [1001, 10, 500],
      home: '/home/app',
    });
    expect(resolve('')).toEqual({ uid: 0, gid: 0, additionalGids: [0, 10], home: '/root' });
    expect(resolve('1000').home).toBe('/home/app');
  });

  test('an explicit group replaces the implicit ones', () => {
    expect(resolve('app:wheel')).toMatchObject({ gid: 10, additionalGids: [10] });
    expect(resolve('app:4242')).toMatchObject({ gid: 4242, additionalGids: [4242] });
    expect(resolve(':wheel')).toMatchObject({ uid: 0, gid: 10 });
  });

  test("a number is an id, also where it is somebody's name", () => {
    expect(resolve('1234')).toMatchObject({ uid: 1234, gid: 0, home: '/' });
    expect(resolve('5555:99')).toMatchObject({ uid: 5555, gid: 99 });
  });

  test('groups to add go by name first, then by number', () => {
    expect(resolve('5', ['wheel', '99', '1002']).additionalGids).toEqual([0, 10, 98, 1002]);
  });

  test('what nobody knows is told in the words of Docker', () => {
    expect(() => resolve('foo')).toThrow('unable to find user foo: no matching entries in passwd file');
    expect(() => resolve('app:foo')).toThrow('unable to find group foo: no matching entries in group file');
    expect(() => resolve('app', ['foo'])).toThrow(
      'unable to find group foo: no matching entries in group file',
    );
    expect(() => resolve('99999999999999999999')).toThrow('unable to find user 99999999999999999999');
  });

  test('ids beyond 2^31-1 or below 0 are an error, never another user', () => {
    const message = 'uids and gids must be in range 0-2147483647';
    expect(resolve('2147483647')).toMatchObject({ uid: 2147483647 });
    for (const user of ['2147483648', '4294967296', '-1', '0:2147483648', 'big']) {
      expect(() => resolve(user)).toThrow(message);
    }
    expect(() => resolve('0', ['2147483648'])).toThrow(message);
  });

  test('no files at all leave numbers and root', () => {
    const none = { passwd: undefined, group: undefined };
    expect(resolveUser(none, '', [])).toEqual({ uid: 0, gid: 0, additionalGids: [0], home: '/' });
    expect(resolveUser(none, '5:6', [])).toMatchObject({ uid: 5, gid: 6 });
  });
});
