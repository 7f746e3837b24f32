extension QRCode {
    /// Light modules around the code that scanners need (ISO/IEC 18004, 6.3.8).
    private static let quietZone = 4

    /// A picture of its own, scaled by whoever shows it: dark on white, so that it reads on any page.
    package var svg: String {
        let edge = side + 2 * Self.quietZone
        var path = ""
        for row in 0..<side {
            var column = 0
            while column < side {
                let length = (column..<side).prefix { isDark(column: $0, row: row) }.count
                if length > 0 {
                    path += "M\(column + Self.quietZone) \(row + Self.quietZone)h\(length)v1h-\(length)z"
                }
                column += max(1, length)
            }
        }
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(edge) \(edge)" \
            shape-rendering="crispEdges"><path fill="#fff" d="M0 0h\(edge)v\(edge)H0z"/>\
            <path d="\(path)"/></svg>
            """
    }
}
