/** The last version in which an image's inspect has `ContainerConfig`. */
const LAST_OF_COMPOSE = '1.44';

/**
 * The answer of `GET /version` to a client. Compat: docker-compose 1.x, of which there will be no other, talks in the
 * newest version that this answer names, though it knows none of them; from 1.45 on it fails when it makes a container
 * anew (`KeyError: 'ContainerConfig'`), with Docker too. So it is told of the last one that works.
 */
export function versionFor(
  userAgent: string | undefined,
  answer: Record<string, unknown>,
): Record<string, unknown> {
  return userAgent?.startsWith('docker-compose/1.') ? { ...answer, ApiVersion: LAST_OF_COMPOSE } : answer;
}
