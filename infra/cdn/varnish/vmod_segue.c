/*
 * libsegue_verifier as a vmod. What it says is copied into the workspace of the request; nothing else is kept.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cache/cache.h"

#include "segue_verifier.h"
#include "vcc_if.h"

struct vmod_segue_verifier {
	unsigned magic;
#define VMOD_SEGUE_VERIFIER_MAGIC 0x5e90e001
	struct segue_verifier *verifier;
};

/* What was said of a request. */
struct said {
	unsigned magic;
#define SAID_MAGIC 0x5e90e002
	VCL_INT status;
	const char *path;
	const char *refusal;
};

/* When a fetch began: after so many purges. */
struct fetch {
	unsigned magic;
#define FETCH_MAGIC 0x5e90e003
	unsigned long long purges;
};

/* For all VCLs of the process: a purge counts for a fetch that another of them began. */
static atomic_ullong purge_count;

VCL_VOID
vmod_verifier__init(VRT_CTX, struct vmod_segue_verifier **made, const char *name,
    VCL_STRING keys, VCL_STRING purgers)
{
	struct vmod_segue_verifier *object;
	char error[512];

	(void)name;
	CHECK_OBJ_NOTNULL(ctx, VRT_CTX_MAGIC);
	AN(made);
	AZ(*made);
	ALLOC_OBJ(object, VMOD_SEGUE_VERIFIER_MAGIC);
	AN(object);
	object->verifier = segue_verifier_new(keys != NULL ? keys : "",
	    purgers != NULL ? purgers : "", error, sizeof error);
	if (object->verifier == NULL) {
		FREE_OBJ(object);
		VRT_fail(ctx, "segue: %s", error);
		return;
	}
	*made = object;
}

VCL_VOID
vmod_verifier__fini(struct vmod_segue_verifier **made)
{
	struct vmod_segue_verifier *object;

	TAKE_OBJ_NOTNULL(object, made, VMOD_SEGUE_VERIFIER_MAGIC);
	segue_verifier_free(object->verifier);
	FREE_OBJ(object);
}

/* A text of the request's own, with a zero at its end; NULL where there is no room, and the request fails. */
static const char *
keep(VRT_CTX, const char *text, size_t length)
{
	char *copy;

	copy = WS_Alloc(ctx->ws, (unsigned)length + 1);
	if (copy == NULL) {
		VRT_fail(ctx, "segue: the workspace is full");
		return (NULL);
	}
	if (length > 0)
		memcpy(copy, text, length);
	copy[length] = '\0';
	return (copy);
}

VCL_BOOL
vmod_verifier_admits(VRT_CTX, struct vmod_segue_verifier *object, struct vmod_priv *task,
    VCL_STRING target, VCL_STRING cookies)
{
	struct segue_judgement judgement;
	struct said *said;
	const char *path, *refusal;

	CHECK_OBJ_NOTNULL(ctx, VRT_CTX_MAGIC);
	CHECK_OBJ_NOTNULL(object, VMOD_SEGUE_VERIFIER_MAGIC);
	AN(task);
	task->priv = NULL;
	if (target == NULL)
		target = "";
	if (cookies == NULL)
		cookies = "";
	segue_verifier_judge(object->verifier, target, strlen(target), cookies, strlen(cookies),
	    &judgement);
	assert(judgement.path_from <= judgement.path_until);
	assert(judgement.path_until <= strlen(target));
	path = keep(ctx, target + judgement.path_from, judgement.path_until - judgement.path_from);
	refusal = keep(ctx, judgement.refusal, judgement.refusal_length);
	said = WS_Alloc(ctx->ws, sizeof *said);
	if (path == NULL || refusal == NULL || said == NULL) {
		VRT_fail(ctx, "segue: the workspace is full");
		return (0);
	}
	INIT_OBJ(said, SAID_MAGIC);
	said->status = judgement.status;
	said->path = path;
	said->refusal = refusal;
	task->priv = said;
	return (judgement.status == 200);
}

/* NULL where nothing was asked, or there was no room for the answer. */
static const struct said *
said_of(const struct vmod_priv *task)
{
	const struct said *said;

	AN(task);
	said = task->priv;
	return (VALID_OBJ(said, SAID_MAGIC) ? said : NULL);
}

VCL_INT
vmod_verifier_status(VRT_CTX, struct vmod_segue_verifier *object, struct vmod_priv *task)
{
	const struct said *said = said_of(task);

	CHECK_OBJ_NOTNULL(ctx, VRT_CTX_MAGIC);
	CHECK_OBJ_NOTNULL(object, VMOD_SEGUE_VERIFIER_MAGIC);
	return (said != NULL ? said->status : 500);
}

VCL_STRING
vmod_verifier_refusal(VRT_CTX, struct vmod_segue_verifier *object, struct vmod_priv *task)
{
	const struct said *said = said_of(task);

	CHECK_OBJ_NOTNULL(ctx, VRT_CTX_MAGIC);
	CHECK_OBJ_NOTNULL(object, VMOD_SEGUE_VERIFIER_MAGIC);
	return (said != NULL && *said->refusal != '\0' ? said->refusal : NULL);
}

VCL_STRING
vmod_verifier_path(VRT_CTX, struct vmod_segue_verifier *object, struct vmod_priv *task)
{
	const struct said *said = said_of(task);

	CHECK_OBJ_NOTNULL(ctx, VRT_CTX_MAGIC);
	CHECK_OBJ_NOTNULL(object, VMOD_SEGUE_VERIFIER_MAGIC);
	return (said != NULL && said->status == 200 ? said->path : NULL);
}

VCL_BOOL
vmod_verifier_may_purge(VRT_CTX, struct vmod_segue_verifier *object, VCL_STRING secret)
{
	CHECK_OBJ_NOTNULL(ctx, VRT_CTX_MAGIC);
	CHECK_OBJ_NOTNULL(object, VMOD_SEGUE_VERIFIER_MAGIC);
	return (secret != NULL &&
	    segue_verifier_may_purge(object->verifier, secret, strlen(secret)) == 1);
}

VCL_BOOL
vmod_is_object(VRT_CTX, VCL_STRING path)
{
	CHECK_OBJ_NOTNULL(ctx, VRT_CTX_MAGIC);
	return (path != NULL && segue_verifier_is_object(path, strlen(path)) == 1);
}

VCL_BOOL
vmod_are_keys(VRT_CTX, VCL_STRING list)
{
	CHECK_OBJ_NOTNULL(ctx, VRT_CTX_MAGIC);
	return (list != NULL && segue_verifier_are_keys(list, strlen(list)) == 1);
}

VCL_VOID
vmod_purged(VRT_CTX)
{
	CHECK_OBJ_NOTNULL(ctx, VRT_CTX_MAGIC);
	atomic_fetch_add(&purge_count, 1);
}

VCL_VOID
vmod_begin_fetch(VRT_CTX, struct vmod_priv *task)
{
	struct fetch *fetch;

	CHECK_OBJ_NOTNULL(ctx, VRT_CTX_MAGIC);
	AN(task);
	fetch = WS_Alloc(ctx->ws, sizeof *fetch);
	if (fetch == NULL) {
		VRT_fail(ctx, "segue: the workspace is full");
		return;
	}
	INIT_OBJ(fetch, FETCH_MAGIC);
	fetch->purges = atomic_load(&purge_count);
	task->priv = fetch;
}

VCL_BOOL
vmod_fetch_is_overtaken(VRT_CTX, struct vmod_priv *task)
{
	const struct fetch *fetch;

	CHECK_OBJ_NOTNULL(ctx, VRT_CTX_MAGIC);
	AN(task);
	fetch = task->priv;
	/* What did not say when it began may have begun long ago. */
	return (!VALID_OBJ(fetch, FETCH_MAGIC) || fetch->purges != atomic_load(&purge_count));
}

/*
 * Varnish's own conditions go, too: an object that is fetched again was purged softly, because it is another now, and
 * an edge's entity tag need not tell (it names version, file and size).
 */
static int
stays(const txt *header)
{
	static const char name[] = "Accept-Encoding:";
	const size_t length = sizeof name - 1;

	return ((size_t)(header->e - header->b) >= length &&
	    strncasecmp(header->b, name, length) == 0);
}

VCL_VOID
vmod_strip_fetch(VRT_CTX)
{
	struct http *http;
	uint16_t from, to;

	CHECK_OBJ_NOTNULL(ctx, VRT_CTX_MAGIC);
	if (ctx->http_bereq == NULL) {
		VRT_fail(ctx, "segue: strip_fetch() belongs into vcl_backend_fetch");
		return;
	}
	http = ctx->http_bereq;
	CHECK_OBJ_NOTNULL(http, HTTP_MAGIC);
	for (from = to = HTTP_HDR_FIRST; from < http->nhd; from++) {
		if (!stays(&http->hd[from]))
			continue;
		http->hd[to] = http->hd[from];
		http->hdf[to] = http->hdf[from];
		to++;
	}
	http->nhd = to;
}
