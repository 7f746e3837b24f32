import Kernel

/// https://www.mexc.com/api-docs/spot-v3, …/futures
enum MEXCTable {
    static let classifier = RequestClassifier(
        .mexc, reads + cancels + streams + spotOrders + futuresOrders + money + settings,
        // Spot has everything in its query.
        formats: ["spot": [], "futures": [.json]], openness: .pathAndMethodOfHost,
        signable: signable)

    private static let reads: [Route] =
        Route.reads(
            ["spot"], "/api/v3/",
            """
            account order openOrders allOrders myTrades tradeFee kyc/status uid selfSymbols mxDeduct/enable
            capital/config/getall capital/deposit/hisrec capital/deposit/address capital/withdraw/history
            capital/transfer capital/transfer/tranId rebate/taxQuery
            """)
        + Route.reads(
            ["futures"], "/api/v1/private/",
            """
            account/assets account/asset/{currency*} account/transfer_record account/profit_rate/{type}
            account/risk_limit account/tiered_fee_rate account/tiered_fee_rate/v2 account/contract/fee_rate
            account/contract/zero_fee_rate account/asset/analysis/{type} account/feeDeductConfigs
            account/discountType position/list/history_positions position/open_positions
            position/funding_records position/position_mode position/leverage order/list/open_orders/{symbol*}
            order/list/open_orders order/list/history_orders order/list/close_orders order/list/order_deals
            order/list/order_deals/v3 order/external/{symbol*}/{external_oid*} order/get/{order_id}
            order/batch_query order/deal_details/{order_id} order/fee_details planorder/list/orders
            stoporder/list/orders stoporder/open_orders stoporder/order_details/{stop_order_id}
            trackorder/list/orders
            """)
        + Route.reads(
            ["futures"], "/api/v1/private/",
            "order/open_order_total_count order/batch_query_with_external", by: .post)

    private static let cancels: [Route] =
        Route.list(
            ["spot"], .cancel,
            """
            DELETE /api/v3/order symbol
            DELETE /api/v3/openOrders symbol
            """)
        + Route.list(
            ["futures"], .cancel,
            """
            POST /api/v1/private/order/cancel []
            POST /api/v1/private/order/cancel_with_external symbol externalOid
            POST /api/v1/private/order/batch_cancel_with_external []
            POST /api/v1/private/order/cancel_all
            POST /api/v1/private/planorder/cancel []
            POST /api/v1/private/planorder/cancel_all
            POST /api/v1/private/stoporder/cancel []
            POST /api/v1/private/stoporder/cancel_all
            POST /api/v1/private/trackorder/cancel
            """)

    /// Listen keys open streams that tell and take nothing.
    private static let streams = Route.list(
        ["spot"], .stream,
        """
        GET /api/v3/userDataStream
        POST /api/v3/userDataStream
        PUT /api/v3/userDataStream
        DELETE /api/v3/userDataStream
        """)

    private static let money: [Route] =
        ["/api/v3/capital/withdraw", "/api/v3/capital/withdraw/apply"].map { path in
            .withdraw(
                ["spot"], .post, path,
                KnownNames(
                    """
                    coin! withdrawOrderId netWork network contractAddress address! memo amount! remark
                    """)
            ) { p throws(MeaningProblem) in
                WithdrawalIntent(
                    asset: try p.needed("coin"), network: try p.first("netWork", "network"),
                    address: try p.needed("address"), tag: try p.word("memo"), amount: try p.decimal("amount")
                )
            }
        }
        // To another user of the exchange.
        + Route.list(
            ["spot"], .withdraw, "POST /api/v3/capital/transfer/internal toAccountType toAccount asset amount"
        )
        + Route.list(
            ["spot"], .transfer,
            """
            POST /api/v3/capital/transfer fromAccountType toAccountType asset amount
            POST /api/v3/capital/sub-account/universalTransfer fromAccountType toAccountType asset amount
            """)
        + Route.list(
            ["spot"], .admin,
            """
            POST /api/v3/capital/convert asset
            POST /api/v3/sub-account/virtualSubAccount subAccount
            POST /api/v3/sub-account/apiKey subAccount
            DELETE /api/v3/sub-account/apiKey subAccount apiKey
            DELETE /api/v3/capital/withdraw id
            """)
        + Route.list(
            ["futures"], .admin,
            """
            POST /api/v1/private/position/change_margin positionId amount type
            POST /api/v1/private/position/reverse symbol positionId vol
            POST /api/v1/private/position/change_position_mode positionMode
            """)
}
