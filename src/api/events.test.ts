import { describe, expect, test } from 'bun:test';
import type { EventMessage } from '../spec/docker/mod.ts';
import { ApiFixture } from './testing/api-fixture.ts';
import { ID } from './testing/fake-backends.ts';

describe('events', () => {
  const message: EventMessage = {
    Type: 'container',
    Action: 'die',
    Actor: { ID, Attributes: { image: 'busybox' } },
    scope: 'local',
    time: 1764000000,
    timeNano: 1764000000123456789n,
  };
  const events = {
    subscribe: async function* () {
      yield { ...message, Type: 'image' as const, Action: 'create' };
      yield message;
    },
  };

  test('have the keys of their version', async () => {
    await using api = await ApiFixture.start({ events });
    const newest = await api.request('GET', '/events');
    expect(newest.headers['content-type']).toBe('application/jsonl');
    expect(newest.body).toBe(
      `{"Type":"image","Action":"create","Actor":{"ID":"${ID}","Attributes":{"image":"busybox"}},"scope":"local","time":1764000000,"timeNano":1764000000123456789}\n{"Type":"container","Action":"die","Actor":{"ID":"${ID}","Attributes":{"image":"busybox"}},"scope":"local","time":1764000000,"timeNano":1764000000123456789}\n`,
    );
    const old = await api.request('GET', '/v1.45/events');
    expect(old.headers['content-type']).toBe('application/json');
    expect(old.body).toBe(
      `{"status":"die","id":"${ID}","from":"busybox","Type":"container","Action":"die","Actor":{"ID":"${ID}","Attributes":{"image":"busybox"}},"scope":"local","time":1764000000,"timeNano":1764000000123456789}\n`,
    );
    const seq = await api.request('GET', '/events', { headers: { Accept: 'application/json-seq' } });
    expect(seq.body).toStartWith('\x1e{');
  });

  test('refuse bounds that cannot be', async () => {
    await using api = await ApiFixture.start({ events });
    const { body } = await api.request('GET', '/events?since=20&until=10');
    expect(JSON.parse(body).message).toBe('`since` time (20) cannot be after `until` time (10)');
  });
});
