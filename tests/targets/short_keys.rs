//! s3s-fs names a file after the whole key in base64, which a file system bounds to 255 bytes: our keys
//! are longer. So each id in a key is cut to its first characters on the way in. And it tells a missing bucket
//! from a missing object, as S3 does, also where only the object is asked for.

use std::path::PathBuf;

use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CreateMultipartUploadInput, CreateMultipartUploadOutput,
    DeleteObjectInput, DeleteObjectOutput, GetObjectInput, GetObjectOutput, HeadObjectInput,
    HeadObjectOutput, ListObjectsV2Input, ListObjectsV2Output, PutObjectInput, PutObjectOutput,
    UploadPartInput, UploadPartOutput,
};
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};
use s3s_fs::FileSystem;

/// What is left of an id.
const KEPT: usize = 13;

/// The server under short keys, and the folder in which it keeps its buckets.
#[derive(Debug)]
pub(crate) struct ShortKeys(pub(crate) FileSystem, pub(crate) PathBuf);

/// A key as the server has it.
pub(crate) fn short(key: &str) -> String {
    let part =
        |part: &str| if part.len() >= 32 { part[..KEPT].to_owned() } else { part.to_owned() };
    key.split('/').map(part).collect::<Vec<_>>().join("/")
}

macro_rules! shortened {
    ($($name:ident: $input:ident => $output:ident),* $(,)?) => {
        #[async_trait::async_trait]
        impl S3 for ShortKeys {
            $(async fn $name(
                &self,
                mut request: S3Request<$input>,
            ) -> S3Result<S3Response<$output>> {
                if !self.1.join(&request.input.bucket).is_dir() {
                    return Err(s3_error!(NoSuchBucket));
                }
                request.input.key = short(&request.input.key);
                self.0.$name(request).await
            })*

            async fn list_objects_v2(
                &self,
                mut request: S3Request<ListObjectsV2Input>,
            ) -> S3Result<S3Response<ListObjectsV2Output>> {
                request.input.prefix = request.input.prefix.map(|prefix| short(&prefix));
                self.0.list_objects_v2(request).await
            }
        }
    };
}

shortened! {
    put_object: PutObjectInput => PutObjectOutput,
    get_object: GetObjectInput => GetObjectOutput,
    head_object: HeadObjectInput => HeadObjectOutput,
    delete_object: DeleteObjectInput => DeleteObjectOutput,
    create_multipart_upload: CreateMultipartUploadInput => CreateMultipartUploadOutput,
    upload_part: UploadPartInput => UploadPartOutput,
    complete_multipart_upload: CompleteMultipartUploadInput => CompleteMultipartUploadOutput,
    abort_multipart_upload: AbortMultipartUploadInput => AbortMultipartUploadOutput,
}
