import { EngineError } from '../../base/mod.ts';
import type { ImageId } from '../../spec/digest.ts';
import { canonicalName, familiarName, parseReference, withTag } from '../../spec/reference.ts';
import { announce } from './announce.ts';
import { attestations } from './attestations.ts';
import { type CommitImage, type CommittedImage, commitImage } from './commit.ts';
import type { ImagesContext } from './context.ts';
import { history } from './history.ts';
import type { Images } from './images.ts';
import { importImage } from './import.ts';
import { inspect } from './inspect.ts';
import { list } from './list.ts';
import { load } from './load/load.ts';
import { prune } from './prune.ts';
import { pull } from './pull.ts';
import { pullAllTags } from './pull-all-tags.ts';
import { push } from './push/push.ts';
import { remove } from './remove.ts';
import { find, resolve } from './resolve.ts';
import { save } from './save/save.ts';
import { search } from './search.ts';
import { Slots } from './slots.ts';
import { Turns } from './turns.ts';
import { usage } from './usage.ts';

/** What containers ask about images, beside the verbs of the API. */
export interface ImageNames {
  /** How `docker ps` names a container's image: as asked, or the image id where that name means another one now. */
  nameFor(asked: string, id: ImageId): string;
  /** Ids of an image and of those whose layers begin with all of its; undefined if there is no such image. */
  withDescendants(ref: string): ReadonlySet<string> | undefined;
  /** Makes an image above another one, durably, of a layer's tar. */
  commit(request: CommitImage): Promise<CommittedImage>;
}

/** The image verbs over one context. */
export function createImages(
  options: Omit<ImagesContext, 'downloads' | 'uploads' | 'sending'> & {
    maxConcurrentDownloads: number;
    maxConcurrentUploads: number;
  },
): Images & ImageNames {
  const context: ImagesContext = {
    ...options,
    downloads: new Slots(options.maxConcurrentDownloads),
    uploads: new Slots(options.maxConcurrentUploads),
    sending: new Turns(),
  };
  return {
    pull: (reference, options, progress) => pull(context, reference, options, progress),
    pullAllTags: (repository, options, progress) => pullAllTags(context, repository, options, progress),
    search: (term, options) => search(context, term, options),
    list: async (options) => list(context, options),
    inspect: async (ref, platform) => inspect(context, resolve(context, ref, platform)),
    remove: (ref, options) => remove(context, ref, options),
    prune: oneAtATime((filters, options) => prune(context, filters, options)),
    usage: () => usage(context),
    tag: async (ref, repository, tag) => {
      const image = resolve(context, ref);
      const named = parseReference(repository);
      if (named.digest) throw new EngineError('invalid', 'refusing to create a tag with a digest reference');
      const target = withTag(named, tag || 'latest');
      await context.images.setName(canonicalName(target), image.id);
      announce(context, image, 'tag', familiarName(target));
    },
    push: (reference, options, progress) => push(context, reference, options, progress),
    import: (source, options, progress) => importImage(context, source, options, progress),
    save: (names, options) => save(context, names, options),
    load: (source, options, progress) => load(context, source, options, progress),
    commit: (request) => commitImage(context, request),
    history: async (ref, platform) => history(context, resolve(context, ref, platform)),
    attestations: (ref, options) => attestations(context, ref, options),
    resolve: (ref, platform) => resolve(context, ref, platform),
    nameFor: (asked, id) => (find(context, asked)?.id === id ? asked : id),
    withDescendants: (ref) => withDescendants(context, ref),
  };
}

function oneAtATime(prune: Images['prune']): Images['prune'] {
  let running = false;
  return async (...args) => {
    if (running) throw new EngineError('conflict', 'a prune operation is already running');
    running = true;
    try {
      return await prune(...args);
    } finally {
      running = false;
    }
  };
}

function withDescendants(context: ImagesContext, ref: string): ReadonlySet<string> | undefined {
  const image = find(context, ref);
  if (!image) return undefined;
  const below = image.config.rootfs.diff_ids;
  const isAbove = (diffIds: string[]) => below.every((diffId, index) => diffIds[index] === diffId);
  const all = context.images.list().filter(({ config }) => isAbove(config.rootfs.diff_ids));
  return new Set(all.map(({ id }) => id));
}
