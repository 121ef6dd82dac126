import { expect, test } from 'bun:test';
import type { ContainerConfig } from '../../../spec/docker/mod.ts';
import { committedConfig } from './commit.ts';
import type { CommitRequest } from './files.ts';

const OWN = {
  Hostname: 'box',
  Image: 'busybox',
  User: 'app',
  Env: ['PATH=/bin', 'A=1'],
  Cmd: ['sh'],
  Entrypoint: null,
  ExposedPorts: { '80/tcp': {} },
  Labels: { a: '1' },
  Volumes: null,
  WorkingDir: '/srv',
} as unknown as ContainerConfig;
const request = (more: Partial<CommitRequest>): CommitRequest => ({
  pause: true,
  changes: [],
  author: '',
  comment: '',
  ...more,
});

test('without a configuration or changes an image has the container’s', () => {
  expect(committedConfig(OWN, request({}))).toEqual(OWN);
});

test('changes are applied to it, variables from its environment', () => {
  const changes = [
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a Dockerfile's variables
    'ENV PATH=$PATH:/x B="two words" C=${A:-no}${D:-yes}',
    'WORKDIR sub',
    'LABEL b=2',
    "ENV E='$A' F=\\$A",
  ];
  expect(committedConfig(OWN, request({ changes }))).toMatchObject({
    Env: ['PATH=/bin:/x', 'A=1', 'B=two words', 'C=1yes', 'E=$A', 'F=$A'],
    WorkingDir: '/srv/sub',
    Labels: { a: '1', b: '2' },
    Cmd: ['sh'],
  });
  // The container's own record is another object.
  expect(OWN.Env).toEqual(['PATH=/bin', 'A=1']);
});

test('an entry point takes the command away, unless the changes bring one', () => {
  const config = (...changes: string[]) => committedConfig(OWN, request({ changes }));
  expect(config('ENTRYPOINT ["a"]')).toMatchObject({ Entrypoint: ['a'], Cmd: null });
  expect(config('CMD ["b"]', 'ENTRYPOINT ["a"]')).toMatchObject({ Entrypoint: ['a'], Cmd: ['b'] });
  expect(config('ENTRYPOINT ["a"]', 'CMD b')).toMatchObject({ Cmd: ['/bin/sh', '-c', 'b'] });
});

test('a configuration that is sent is filled up from the container’s', () => {
  const config = { Cmd: ['other'], Env: ['A=9'], Labels: { c: '3' } } as unknown as ContainerConfig;
  expect(committedConfig(OWN, request({ config, changes: ['EXPOSE 53/udp'] }))).toMatchObject({
    User: 'app',
    Env: ['A=9', 'PATH=/bin'],
    Cmd: ['other'],
    Labels: { a: '1', c: '3' },
    ExposedPorts: { '53/udp': {}, '80/tcp': {} },
    WorkingDir: '/srv',
  });
});
