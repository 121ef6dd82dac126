import { expect, test } from 'bun:test';
import { checkTmpfsOptions } from './tmpfs-options.ts';

test('checkTmpfsOptions takes what tmpfs takes', () => {
  for (const good of ['', 'rw,noexec', 'size=1m,mode=1770,uid=0']) checkTmpfsOptions(good);
  expect(() => checkTmpfsOptions('rw,foo')).toThrow('invalid tmpfs option ["foo"]');
  expect(() => checkTmpfsOptions('foo=1')).toThrow('invalid tmpfs option ["foo=1"]');
});
