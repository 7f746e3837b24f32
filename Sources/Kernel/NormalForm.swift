@_spi(_Unicode) import Swift

extension String {
    /// Unicode's normal form C, in which the database keeps names: one text, however it was typed.
    package var normalFormC: String {
        var scalars = UnicodeScalarView()
        for scalar in _nfc { scalars.append(scalar) }
        return String(scalars)
    }
}
