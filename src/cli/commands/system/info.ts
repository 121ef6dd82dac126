import type { SystemInfo } from '../../../client/mod.ts';
import { NEWEST_API_VERSION } from '../../../client/mod.ts';
import { compileTemplate } from '../../../spec/go-template/execute.ts';
import { goJson } from '../../../spec/go-template/go-json.ts';
import { clientInfo } from '../../client-info.ts';
import { type Command, NONE } from '../../command.ts';
import { errorText } from '../../error-text.ts';
import type { Flag } from '../../flags/flag-set.ts';
import { describeInfo } from '../../output/describe-info.ts';

export const info: Command<{ format: Flag<string> }> = {
  operands: '[OPTIONS]',
  summary: 'Show what the engine and its machine are',
  arity: NONE,
  aliases: ['system info', 'info'],
  flags: (flags) => ({ format: flags.string('format', { short: 'f', usage: "'json' or a Go template" }) }),
  async run(cli, { format }) {
    let server: SystemInfo | undefined;
    const errors: string[] = [];
    try {
      server = await cli.engine.system.info();
    } catch (error) {
      errors.push(errorText(error));
    }
    const ClientInfo = {
      Debug: false,
      ...clientInfo(),
      DefaultAPIVersion: NEWEST_API_VERSION,
      Context: 'default',
      Plugins: [],
      Warnings: null,
    };
    const data = { ...server, ...(errors.length > 0 ? { ServerErrors: errors } : {}), ClientInfo };
    if (format.value === '') {
      cli.stdout.write(describeInfo(ClientInfo, server));
      if (server?.Warnings?.length) cli.complain(server.Warnings.join('\n'));
    } else if (format.value === 'json' || format.value === '{{json .}}') cli.print(goJson(data, false));
    else cli.print(compileTemplate(format.value).render(data));
    for (const error of errors) cli.complain(error);
    return errors.length > 0 ? 1 : 0;
  },
};
