import {
  canonicalRepository,
  parseReference,
  type Reference,
  withDefaultTag,
} from '../../../spec/reference.ts';
import { type Command, exactly } from '../../command.ts';

export const tag: Command<object> = {
  operands: 'SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]',
  summary: 'Give an image another name',
  arity: exactly(2),
  aliases: ['image tag', 'tag'],
  flags: () => ({}),
  async run(cli, _options, [source = '', target = '']) {
    const reference = parseTarget(target);
    const repo = canonicalRepository(reference);
    await cli.engine.images.tag(source, { repo, ...(reference.tag ? { tag: reference.tag } : {}) });
    return 0;
  },
};

function parseTarget(text: string): Reference {
  let reference: Reference;
  try {
    reference = withDefaultTag(parseReference(text));
  } catch (error) {
    const reason = (error as Error).message;
    throw new Error(
      `Error parsing reference: ${JSON.stringify(text)} is not a valid repository/tag: ${reason}`,
    );
  }
  if (reference.digest) throw new Error('refusing to create a tag with a digest reference');
  return reference;
}
