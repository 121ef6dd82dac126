import { expect, test } from 'bun:test';
import type { ContainerRecord } from '../../store/mod.ts';
import { Container } from './container.ts';
import { Directory } from './directory.ts';

function container(id: string, name: string): Container {
  return new Container({ id, name: `/${name}` } as ContainerRecord);
}

const A = `aa${'0'.repeat(62)}`;
const B = `ab${'0'.repeat(62)}`;

test('find takes id, name, /name and unique prefix when they are known', () => {
  const directory = new Directory();
  const a = container(A, 'web');
  directory.add(a);
  directory.add(container(B, 'db'));
  for (const ref of [A, 'web', '/web', 'aa']) expect(directory.find(ref)).toBe(a);
});

test('find prefers a name when it is also a prefix of an id', () => {
  const directory = new Directory();
  const named = container(B, 'aa');
  directory.add(container(A, 'web'));
  directory.add(named);
  expect(directory.find('aa')).toBe(named);
});

test('find says what is wrong when a prefix is ambiguous or unknown', () => {
  const directory = new Directory();
  directory.add(container(A, 'web'));
  directory.add(container(B, 'db'));
  expect(() => directory.find('a')).toThrow('multiple IDs found with provided prefix: a');
  expect(() => directory.find('nope')).toThrow('No such container: nope');
});

test('reserve refuses a name when another container holds it', () => {
  const directory = new Directory();
  directory.reserve('web', A);
  expect(() => directory.reserve('web', B)).toThrow(
    'The container name "/web" is already in use by container',
  );
  directory.unreserve('web', B);
  expect(directory.isNameTaken('web')).toBe(true);
  directory.unreserve('web', A);
  directory.reserve('web', B);
});
