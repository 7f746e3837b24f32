/// Why a query cannot be read. All of them are 400.
package enum QueryError: Error, Equatable, Sendable {
    /// An empty piece ("a=1&&b=2"), an empty name, a broken percent sign, a control character, or not UTF-8.
    case malformed
    case tooManyParameters
    /// The parameter that stands more than once where only one can be meant.
    case duplicate(String)

    /// The stable code for a problem document.
    package var code: String {
        switch self {
        case .malformed: "query_malformed"
        case .tooManyParameters: "query_too_many_parameters"
        case .duplicate: "query_duplicate_parameter"
        }
    }

    /// One sentence for the client.
    package var sentence: String {
        switch self {
        case .malformed: "The query is not a list of name=value pairs, percent-encoded UTF-8."
        case .tooManyParameters: "The query has too many parameters."
        case .duplicate: "A query parameter that may stand only once stands more than once."
        }
    }
}

/// The parameters of a query in their order, decoded once as forms are: "+" is a space, as browsers and every
/// HTTP library send it, and a plus sign is "%2B". A name without "=" has the empty value. Only "&"
/// separates.
package struct Query: Sendable {
    package struct Parameter: Equatable, Sendable {
        package let name: String
        package let value: String
    }

    /// Our longest filter list has about twenty; repeated filters need some more.
    package static let parameterLimit = 100

    package static let empty = Query(parameters: [])

    package let parameters: [Parameter]

    private init(parameters: [Parameter]) { self.parameters = parameters }

    /// `raw` is the query as sent: `RequestHead.queryBytes`. Empty bytes are no parameters.
    package init(_ raw: ArraySlice<UInt8>) throws(QueryError) {
        var parameters: [Parameter] = []
        var start = raw.startIndex
        while start < raw.endIndex {
            let end = raw[start...].firstIndex(of: 0x26) ?? raw.endIndex
            guard end != raw.endIndex - 1 else { throw .malformed }
            guard parameters.count < Self.parameterLimit else { throw .tooManyParameters }
            parameters.append(try Self.parameter(raw[start..<end]))
            start = end + 1
        }
        self.parameters = parameters
    }

    /// The value of a parameter that may stand only once, or nil. Throws `.duplicate`.
    package func only(_ name: String) throws(QueryError) -> String? {
        var found: String?
        for parameter in parameters where parameter.name == name {
            guard found == nil else { throw .duplicate(name) }
            found = parameter.value
        }
        return found
    }

    /// All values of a repeatable parameter, in order.
    package func all(_ name: String) -> [String] {
        parameters.filter { $0.name == name }.map(\.value)
    }

    private static func parameter(_ raw: ArraySlice<UInt8>) throws(QueryError) -> Parameter {
        let equals = raw.firstIndex(of: 0x3D) ?? raw.endIndex
        guard equals > raw.startIndex else { throw .malformed }
        do {
            let name = try PercentDecoding.decode(raw[..<equals], plusIsSpace: true)
            let value = try PercentDecoding.decode(raw[equals...].dropFirst(), plusIsSpace: true)
            return Parameter(name: name, value: value)
        } catch {
            throw .malformed
        }
    }
}
