import { EngineError } from '../../base/mod.ts';
import type { Container } from './container.ts';
import { announce, type ContainersContext, save, transition } from './context.ts';
import { renameEndpoints } from './networks/rename-endpoints.ts';
import { validateName } from './request/validate.ts';

/** Gives a container another name, which must be free. */
export async function rename(context: ContainersContext, container: Container, name: string): Promise<void> {
  if (name === '') throw new EngineError('invalid', 'Neither old nor new names may be empty');
  const next = name.replace(/^\//, '');
  allocating(() => validateName(`/${next}`));
  await transition(context, container, async () => {
    const old = container.name;
    if (next === old) {
      throw new EngineError('invalid', 'Renaming a container with the same name as its current name');
    }
    allocating(() => context.directory.reserve(next, container.id));
    container.record.name = `/${next}`;
    const names = renameEndpoints(container);
    try {
      save(context, container);
    } catch (error) {
      container.record.name = `/${old}`;
      renameEndpoints(container);
      context.directory.unreserve(next, container.id);
      throw error;
    }
    context.directory.unreserve(old, container.id);
    if (names.size > 0) await context.net.rename(container.id, names);
    announce(context, container, 'rename', { oldName: `/${old}` });
  });
}

/** Compat: Docker says at which step a name is refused. */
function allocating(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw new EngineError(error.code, `Error when allocating new name: ${error.message}`, { cause: error });
  }
}
