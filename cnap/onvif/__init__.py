"""Cameras that speak ONVIF: found in the local network, and asked for their streams.

Four questions over SOAP are asked, for which WSDL libraries would bring 30 MB (zeep, lxml, httpx)
and parsers that fetch what a document names. Whatever answers is a stranger: see `xml`.
"""
