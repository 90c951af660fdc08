//! s3s-fs names a file after the whole key in base64, which a file system bounds to 255 bytes: our keys
//! are longer. So each id in a key is cut to its first characters on the way in.

use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CreateMultipartUploadInput, CreateMultipartUploadOutput,
    DeleteObjectInput, DeleteObjectOutput, GetObjectInput, GetObjectOutput, HeadObjectInput,
    HeadObjectOutput, PutObjectInput, PutObjectOutput, UploadPartInput, UploadPartOutput,
};
use s3s::{S3, S3Request, S3Response, S3Result};
use s3s_fs::FileSystem;

/// What is left of an id.
const KEPT: usize = 13;

/// The server under short keys.
#[derive(Debug)]
pub(crate) struct ShortKeys(pub(crate) FileSystem);

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
                request.input.key = short(&request.input.key);
                self.0.$name(request).await
            })*
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
