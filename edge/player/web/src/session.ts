const ACCESS = "segue.access_token";
const REFRESH = "segue.refresh_token";
const ENDS = "segue.ends_at";

/** A token that ends sooner than this is not sent any more: it could end on its way. */
const MARGIN_MS = 30_000;

export interface Tokens {
  readonly access_token: string;
  /** Good once, for the next pair. */
  readonly refresh_token: string;
  /** Seconds that the access token lives. */
  readonly expires_in: number;
}

/** The access token of this tab, if somebody is signed in. */
export function accessToken(): string | null {
  return sessionStorage.getItem(ACCESS);
}

export function refreshToken(): string | null {
  return sessionStorage.getItem(REFRESH);
}

export function begin(tokens: Tokens): void {
  sessionStorage.setItem(ACCESS, tokens.access_token);
  sessionStorage.setItem(REFRESH, tokens.refresh_token);
  // By this machine's clock, which may be any: only what passes on it counts.
  sessionStorage.setItem(ENDS, String(Date.now() + tokens.expires_in * 1000));
}

export function end(): void {
  sessionStorage.removeItem(ACCESS);
  sessionStorage.removeItem(REFRESH);
  sessionStorage.removeItem(ENDS);
}

/** Whether the access token is about to end. The server decides; this only spares a refusal. */
export function isEnding(): boolean {
  return Number(sessionStorage.getItem(ENDS) ?? Infinity) < Date.now() + MARGIN_MS;
}
