import { html, type Markup, ownMarkup } from '../console/markup.ts'
import { appStylesheet } from './app-stylesheet.ts'

/** A page of the app up to its body. */
export function pageHead(title: string): Markup {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${ownMarkup(appStylesheet)}</style>
</head>`
}
