/**
 * Labels that mean something to the engine: what API clients say where Docker's API has no field. They count in a
 * create request only; an image's labels are its own.
 */

/** What is done when a container turns unhealthy: `none`, `restart`, `stop` or `kill`. */
export const HEALTH_ON_FAILURE_LABEL = 'minke.health.on-failure';
