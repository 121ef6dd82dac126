import { EngineError } from '../../base/mod.ts';
import type { AnyRoute, Route } from '../http/route.ts';

/** A documented route that does not exist yet: it says so by the command that users know, and is never a bare 404. */
export function notYet(
  method: Route['method'],
  path: string,
  command: string,
  since?: Route['since'],
): Route {
  const spelled = path.replace(/[*:](\w+)/g, '{$1}');
  return {
    method,
    path,
    ...(since ? { since } : {}),
    handle: () => {
      throw new EngineError(
        'unimplemented',
        `${command} is not implemented by Minke yet (${method} ${spelled})`,
      );
    },
  };
}

/** Documented routes that later work will move to files of their own. */
export function notYetRoutes(): AnyRoute[] {
  return [...containers(), ...builds()];
}

function containers(): AnyRoute[] {
  return [
    experimental('GET', '/containers/*name/checkpoints'),
    experimental('POST', '/containers/*name/checkpoints'),
    experimental('DELETE', '/containers/*name/checkpoints/*checkpoint'),
  ];
}

function builds(): AnyRoute[] {
  const buildKit = 'BuildKit is not implemented by Minke yet; build with DOCKER_BUILDKIT=0';
  return [
    notYet('POST', '/build', 'build'),
    notYet('POST', '/build/cancel', 'cancelling a build'),
    refused('POST', '/session', buildKit),
    refused('POST', '/grpc', buildKit),
  ];
}

function experimental(method: Route['method'], path: string): Route {
  return refused(
    method,
    path,
    'This experimental feature is disabled by default. Start the Docker daemon in experimental mode in order to enable it.',
  );
}

function refused(method: Route['method'], path: string, message: string, since?: Route['since']): Route {
  return {
    method,
    path,
    ...(since ? { since } : {}),
    handle: () => {
      throw new EngineError('unimplemented', message);
    },
  };
}
