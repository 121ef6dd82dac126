import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError, messageOf } from '../../base/mod.ts';
import { shaped } from '../../spec/shape.ts';
import { type CdiEdits, type CdiSpec, cdiSpec } from './spec.ts';

interface Device {
  spec: CdiSpec;
  edits: CdiEdits | undefined;
  /** Which directory it is from: later ones win. */
  priority: number;
  /** Two files of one directory say what it is: nobody knows which one is meant. */
  disputed: boolean;
}

/** What the files of the CDI directories say now. They are few and small, and read when somebody asks. */
export class CdiDevices {
  readonly #devices = new Map<string, Device>();
  /** Files that could not be read, with the reason. */
  readonly errors: string[] = [];

  constructor(directories: readonly string[]) {
    for (const [priority, directory] of directories.entries()) {
      for (const name of namesIn(directory)) this.#load(join(directory, name), priority);
    }
  }

  /** Names of all devices, `vendor/class=name`. */
  names(): string[] {
    return [...this.#devices]
      .filter(([, { disputed }]) => !disputed)
      .map(([name]) => name)
      .sort();
  }

  /**
   * What containers with these devices need: of each device, and once of each file that names one. Throws `invalid` in
   * Docker's words for those that nobody knows.
   */
  editsOf(names: readonly string[]): CdiEdits[] {
    const unknown = names.filter((name) => this.#devices.get(name)?.disputed !== false);
    if (unknown.length > 0) {
      throw new EngineError(
        'invalid',
        `CDI device injection failed: unresolvable CDI devices ${unknown.join(', ')}`,
      );
    }
    const seen = new Set<CdiSpec>();
    return names.flatMap((name) => {
      const { spec, edits } = this.#devices.get(name) as Device;
      const first = !seen.has(spec);
      seen.add(spec);
      return [edits, first ? spec.containerEdits : undefined].filter((one) => one !== undefined);
    });
  }

  #load(path: string, priority: number): void {
    let spec: CdiSpec;
    try {
      spec = shaped(cdiSpec, parse(path, readFileSync(path, 'utf8')));
    } catch (error) {
      this.errors.push(`${path}: ${messageOf(error)}`);
      return;
    }
    for (const { name, containerEdits } of spec.devices) {
      const full = `${spec.kind}=${name}`;
      const known = this.#devices.get(full);
      if (known && known.priority === priority) known.disputed = true;
      else this.#devices.set(full, { spec, edits: containerEdits, priority, disputed: false });
    }
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => /\.(json|yaml|yml)$/.test(name))
      .sort();
  } catch {
    return [];
  }
}

/** Compat: Go's parser takes numbers with a leading zero for octal ones. */
function parse(path: string, content: string): unknown {
  if (path.endsWith('.json')) return JSON.parse(content);
  return Bun.YAML.parse(content.replace(/^(\s*fileMode:\s*)0([0-7]+)\s*$/gm, '$10o$2'));
}
