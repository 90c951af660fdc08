//! Where rows are read from: the database as it stands, or a transaction under way.

use crate::error::CatalogueError;
use crate::row::Row;
use crate::statement::Statement;

/// Somebody who answers statements: a [`crate::reader::Reader`] or a [`crate::write::Write`].
pub(crate) trait Source: Send {
    /// All rows.
    fn all(
        &mut self,
        statement: Statement<'_>,
    ) -> impl Future<Output = Result<Vec<Row>, CatalogueError>> + Send;

    /// The first row, if there is one.
    fn optional(
        &mut self,
        statement: Statement<'_>,
    ) -> impl Future<Output = Result<Option<Row>, CatalogueError>> + Send;

    /// The first row, which must be there.
    fn one(
        &mut self,
        statement: Statement<'_>,
    ) -> impl Future<Output = Result<Row, CatalogueError>> + Send {
        async { self.optional(statement).await?.ok_or(sqlx::Error::RowNotFound.into()) }
    }
}
