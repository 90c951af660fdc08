/*
 * The check of Segue's playback tokens, for servers written in C. Link with -lsegue_verifier.
 *
 * Every function may be called from any thread, and a verifier may be made before a fork and used after it.
 * No text is kept beyond a call, nothing that is given back must be freed but the verifier, and none of the
 * functions ends the process.
 */
#ifndef SEGUE_VERIFIER_H
#define SEGUE_VERIFIER_H

#include <stddef.h>
#include <stdint.h>

struct segue_verifier;

/* What becomes of a request. */
struct segue_judgement {
	/* 200 where it may have what it asks for; else 400, 401, 403, 404, 414, or 500 for a fault of ours. */
	uint16_t status;
	/* Where in the target the path lies that is free of token and query, in bytes; 0, 0 unless 200. */
	size_t path_from;
	size_t path_until;
	/* The value of Segue-Refusal, which does not end in zero, and stays for as long as the library does. */
	const char *refusal;
	size_t refusal_length;
};

/*
 * A verifier that believes the keys of the JWKS in the file `keys`, and lets those purge who have a secret of the file
 * `purgers` (32 to 256 visible ASCII characters, one a line). Both are read again within a second when they change;
 * what cannot be used then changes nothing, and a line on stderr says so.
 *
 * NULL where one of them cannot be used; `error` then holds a sentence, cut to `error_size` and ended by zero.
 */
struct segue_verifier *segue_verifier_new(const char *keys, const char *purgers,
    char *error, size_t error_size);

/* Ends it; nobody may use it any more. NULL is taken. */
void segue_verifier_free(struct segue_verifier *);

/*
 * Judges a GET or HEAD of `target`, as it stands in the request line, whose Cookie headers are `cookies` (joined by
 * "; "; may be NULL where the length is 0).
 */
void segue_verifier_judge(const struct segue_verifier *, const char *target, size_t target_length,
    const char *cookies, size_t cookies_length, struct segue_judgement *);

/* 1 where who shows `secret` may purge, else 0. */
int segue_verifier_may_purge(const struct segue_verifier *, const char *secret, size_t length);

/* 1 where an object can lie at `path`, as an edge has it (without token and query), else 0. */
int segue_verifier_is_object(const char *path, size_t length);

/* 1 where `list` names surrogate keys, one at least, between spaces or commas, and nothing else; else 0. */
int segue_verifier_are_keys(const char *list, size_t length);

#endif
