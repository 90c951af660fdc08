//! Pictures of people.

use media::UserId;

use crate::artwork::Artwork;
use crate::error::CatalogueError;
use crate::statement::sql;
use crate::users::Users;

impl Users<'_> {
    /// Shows somebody with that picture, or with none. The objects are stored already.
    ///
    /// # Errors
    /// [`CatalogueError::Gone`] where there is no such account.
    pub async fn put_avatar(
        &self,
        user: UserId,
        avatar: Option<&Artwork>,
    ) -> Result<(), CatalogueError> {
        let put = sql("UPDATE users SET avatar = $1 WHERE id = $2");
        let put = put.bind(avatar.map(Artwork::to_string)).bind(user);
        let mut write = self.0.write().await?;
        if write.execute(put).await? == 0 {
            return Err(CatalogueError::Gone);
        }
        write.commit().await
    }
}
