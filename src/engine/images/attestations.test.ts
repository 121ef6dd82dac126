import { expect, test } from 'bun:test';
import type { AttestationStatement } from '../../registry/mod.ts';
import type { Reference } from '../../spec/reference.ts';
import { attestations } from './attestations.ts';
import type { ImagesContext } from './context.ts';

const a = `sha256:${'a'.repeat(64)}`;
const b = `sha256:${'b'.repeat(64)}`;
const names = ['one:5/x:latest', `one:5/x@${a}`, `two:5/y@${b}`];

/** Asks for the statements of an image with these names; `answers` are the registries'. */
async function ask(ref: string, answers: Record<string, AttestationStatement[] | Error>) {
  const asked: string[] = [];
  const context = {
    images: { get: () => ({ id: 'id' }), lookup: () => 'id', namesOf: () => names, list: () => [] },
    registry: {
      attestations: async ({ domain }: Reference) => {
        asked.push(domain);
        const answer = answers[domain] ?? [];
        if (answer instanceof Error) throw answer;
        return answer;
      },
    },
  } as unknown as ImagesContext;
  const { signal } = new AbortController();
  const options = { types: [], withStatement: false, signal };
  const result = await attestations(context, ref, options).catch((error: Error) => error.message);
  return { result, asked };
}

const statement = { descriptor: {}, predicateType: 'p' } as AttestationStatement;

test('the repository that was named is asked, and no other', async () => {
  expect(await ask('two:5/y', { 'two:5': [statement] })).toEqual({ result: [statement], asked: ['two:5'] });
  expect(await ask('one:5/x:latest', { 'two:5': [statement] })).toEqual({ result: [], asked: ['one:5'] });
});

test('of an image asked for by its id, all repositories are asked until one knows something', async () => {
  const id = 'a'.repeat(64);
  expect(await ask(id, { 'two:5': [statement] })).toEqual({ result: [statement], asked: ['one:5', 'two:5'] });
  const gone = new Error('gone');
  expect(await ask(id, { 'one:5': gone, 'two:5': [statement] })).toMatchObject({ result: [statement] });
  expect(await ask(id, { 'one:5': gone })).toMatchObject({ result: 'gone' });
});
