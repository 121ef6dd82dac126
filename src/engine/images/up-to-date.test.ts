import { expect, test } from 'bun:test';
import { EngineError } from '../../base/mod.ts';
import type { Digest } from '../../spec/digest.ts';
import { hostPlatform } from '../../spec/platform.ts';
import { parseReference } from '../../spec/reference.ts';
import type { ImagesContext } from './context.ts';
import { upToDate } from './up-to-date.ts';

const digest = `sha256:${'a'.repeat(64)}` as Digest;
const other = `sha256:${'b'.repeat(64)}` as Digest;

interface Situation {
  /** Names that point at the image. */
  names?: string[];
  /** What the registry answers. */
  remote?: Digest | Error;
  architecture?: string;
  layer?: boolean;
  damaged?: boolean;
}

/** What comes out, and how often the registry was asked. */
async function check({ names = ['h:5/x:1', `h:5/x@${digest}`], remote = digest, ...rest }: Situation) {
  let asked = 0;
  const { os, architecture } = hostPlatform();
  const context = {
    images: {
      lookup: (name: string) => (names.includes(name) ? 'id' : undefined),
      get: () => ({
        topLayer: 'top',
        config: { os, architecture: rest.architecture ?? architecture, rootfs: { diff_ids: [digest] } },
      }),
    },
    layers: {
      get: () => (rest.layer === false ? undefined : {}),
      examine: async () => {},
      isDamaged: () => rest.damaged === true,
    },
    registry: {
      describe: async () => {
        asked++;
        if (remote instanceof Error) throw remote;
        return { digest: remote };
      },
    },
  } as unknown as ImagesContext;
  const result = await upToDate(context, parseReference('h:5/x:1'), {}).catch(
    (error: Error) => error.message,
  );
  return [result, asked];
}

test('an image is up to date if the registry has the digest that is here under that name', async () => {
  expect(await check({})).toEqual([digest, 1]);
  expect(await check({ remote: other })).toEqual([undefined, 1]);
  // The digest is known, but under the name of another image.
  expect(await check({ names: ['h:5/x:1'] })).toEqual([undefined, 1]);
});

test('the registry is not asked where there is something to fetch anyway', async () => {
  expect(await check({ names: [] })).toEqual([undefined, 0]);
  expect(await check({ layer: false })).toEqual([undefined, 0]);
  expect(await check({ damaged: true })).toEqual([undefined, 0]);
  expect(await check({ architecture: 's390x' })).toEqual([undefined, 0]);
});

test('what fails is left to the pull, except for a wait that ended', async () => {
  expect(await check({ remote: new EngineError('internal', '405') })).toEqual([undefined, 1]);
  expect(await check({ remote: new EngineError('timeout', 'slow') })).toEqual(['slow', 1]);
});
