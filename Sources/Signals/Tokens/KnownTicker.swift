/// What tokens were called at a time.
package enum KnownTicker {
    /// Joins `t.symbol` to rows of tokens. Of now it is the ticker's own row: the function would be asked row
    /// by row, at 10 us each.
    /// - Parameters:
    ///   - token: the column with the token's id.
    ///   - moment: null, or infinity, is now.
    package static func join(_ token: String, at moment: String) -> String {
        """
        join ticker today on today.token_id = \(token)
        cross join lateral (
            select case when coalesce(\(moment)::timestamptz, 'infinity') = 'infinity' then today.symbol
                else ticker_known(\(token), \(moment)::timestamptz) end as symbol
        ) t
        """
    }
}
