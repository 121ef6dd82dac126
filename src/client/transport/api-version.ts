/** The newest API version that this client speaks. */
export const NEWEST_API_VERSION = '1.55';

/**
 * Which version goes into the path. Starts with the newest and takes the server's word when that is too new, so
 * that our own engine never sees a ping before the first request.
 */
export class ApiVersion {
  #current: string;
  readonly #pinned: boolean;

  /** `pinned` = the caller insists on a version (`DOCKER_API_VERSION`): nothing is negotiated. */
  constructor(pinned?: string) {
    this.#pinned = Boolean(pinned);
    this.#current = (pinned ?? NEWEST_API_VERSION).replace(/^v/, '');
  }

  get current(): string {
    return this.#current;
  }

  /**
   * True if an error answer told us a lower version to speak, and the request that was `sent` with another should be
   * made again. Race: of several requests under way, each is told so; all but the first find it noted already.
   */
  lowered(sent: string, status: number, message: string): boolean {
    if (this.#pinned || status !== 400) return false;
    const match = /client version [\d.]+ is too new\. Maximum supported API version is (\d+\.\d+)/.exec(
      message,
    );
    if (!match?.[1] || match[1] === sent) return false;
    this.#current = match[1];
    return true;
  }
}
