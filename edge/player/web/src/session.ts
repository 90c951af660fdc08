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

/** Whether the token's role may upload. The server decides; this only spares a listener the form. */
export function mayUpload(): boolean {
  const payload = accessToken()?.split(".")[1]?.replaceAll("-", "+").replaceAll("_", "/");
  try {
    const { role } = JSON.parse(atob(payload ?? "")) as { role?: unknown };
    return role === "admin" || role === "artist";
  } catch {
    return false;
  }
}
