import { expect, test } from 'bun:test';
import { checkLocalOptions, mountSource, needsMount, withoutPassword } from './local-options.ts';

const resolve = async (host: string) =>
  host === 'nas' ? '10.0.0.7' : Promise.reject(new Error(`lookup ${host}`));

test('servers of NFS and CIFS are told to the kernel by their addresses', async () => {
  const nfs = { type: 'nfs', device: ':/x', o: 'vers=4,addr=nas,rw' };
  expect(await mountSource(nfs, resolve)).toEqual({
    type: 'nfs',
    device: ':/x',
    o: 'vers=4,addr=10.0.0.7,rw',
  });
  const numeric = { type: 'nfs', device: ':/x', o: 'addr=10.0.0.9' };
  expect(await mountSource(numeric, resolve)).toEqual(numeric);
  const cifs = { type: 'cifs', device: '//nas/share', o: 'user=me' };
  expect(await mountSource(cifs, resolve)).toMatchObject({ device: '//10.0.0.7/share' });
  const other = { type: 'tmpfs', device: 'tmpfs', o: 'addr=nas' };
  expect(await mountSource(other, resolve)).toEqual(other);
  await expect(mountSource({ ...nfs, o: 'addr=none' }, resolve)).rejects.toThrow(
    'error resolving passed in network volume address: lookup none',
  );
  await expect(mountSource({ type: 'nfs', device: '' }, resolve)).rejects.toThrow('missing device');
});

test('a password is told to nobody', () => {
  const options = { o: 'user=me,password=secret' };
  expect(withoutPassword('data: user=me,password=secret: no', options)).toBe(
    'data: user=me,password=********: no',
  );
});

test('options that make no sense are refused, and empty ones mount nothing', () => {
  const cifs = { type: 'cifs', device: '//h:44/x' };
  expect(() => checkLocalOptions(cifs)).toThrow(
    "port not allowed in CIFS device URL, include 'port' in 'o='",
  );
  expect(() => checkLocalOptions({ constructor: 'x' })).toThrow('invalid option: "constructor"');
  checkLocalOptions({ size: '0' });
  checkLocalOptions(null);
  expect(needsMount({ type: '', device: '' })).toBe(false);
});
