#include "transfer/exchange.h"

void exchange_append(struct exchange_list *list, struct exchange *x) {
	x->next = NULL;
	x->prev = list->last;
	if (list->last)
		list->last->next = x;
	else
		list->first = x;
	list->last = x;
	list->count++;
}

void exchange_prepend(struct exchange_list *list, struct exchange *x) {
	x->prev = NULL;
	x->next = list->first;
	if (list->first)
		list->first->prev = x;
	else
		list->last = x;
	list->first = x;
	list->count++;
}

void exchange_unlink(struct exchange_list *list, struct exchange *x) {
	if (x->prev)
		x->prev->next = x->next;
	else
		list->first = x->next;
	if (x->next)
		x->next->prev = x->prev;
	else
		list->last = x->prev;
	x->next = x->prev = NULL;
	list->count--;
}
