"""The OpenAPI document, made from the routes and the types that requests are read and answers written with."""
