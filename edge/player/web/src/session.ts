const KEY = "segue.access_token";

/** The access token of this tab, if somebody is signed in. */
export function accessToken(): string | null {
  return sessionStorage.getItem(KEY);
}

export function begin(token: string): void {
  sessionStorage.setItem(KEY, token);
}

export function end(): void {
  sessionStorage.removeItem(KEY);
}
