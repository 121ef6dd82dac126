import { EngineError } from '../../../base/mod.ts';
import { UnixDatagrams } from '../../../sys/mod.ts';
import type { OpenSender } from '../sender.ts';
import { sendJournalEntry } from '../unix-datagram.ts';
import { journalEntry, journalFields } from './entry.ts';
import { journaldOptions } from './options.ts';

const SOCKET = '/run/systemd/journal/socket';

/** Sends to the journal of this machine. Compat: moby `daemon/logger/journald`. */
export const openJournald: OpenSender = async (context) => {
  journaldOptions(context.options);
  const fields = journalFields(context);
  let socket: UnixDatagrams;
  try {
    socket = new UnixDatagrams(SOCKET);
  } catch (cause) {
    throw new EngineError('unavailable', 'journald is not enabled on this host', { cause });
  }
  return {
    async send(messages, signal) {
      for (const message of messages) await sendJournalEntry(socket, journalEntry(fields, message), signal);
    },
    close: async () => socket[Symbol.dispose](),
  };
};
