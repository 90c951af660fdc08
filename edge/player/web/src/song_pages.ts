import { songs, type Song } from "./api";

/** The catalogue, page by page; the last page is the generator's return value. */
export async function* songPages(): AsyncGenerator<readonly Song[], readonly Song[], void> {
  let after: string | null = null;
  for (;;) {
    const page = await songs(after);
    if (page.next === null) {
      return page.songs;
    }
    yield page.songs;
    after = page.next;
  }
}
